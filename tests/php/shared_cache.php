<?php
// Plays legacy PHP's part in the shared cache, with PHP's own Memcache class and (un)serialize().
//
//   php shared_cache.php get HOSTS PORT KEY            prints what legacy PHP would read, as JSON
//   php shared_cache.php set HOSTS PORT KEY JSON       stores an array as legacy PHP would
//   php shared_cache.php bytes HOSTS PORT KEY JSON     prints serialize() of the array
//
// Hosts are separated by ':'. A JSON number with a fraction or an exponent is a PHP double.

ini_set('memcache.hash_strategy', 'standard');
ini_set('memcache.compress_threshold', '0');
ini_set('serialize_precision', '17');
list(, $verb, $hosts, $port, $key) = $argv;

$cache = new Memcache;
foreach (explode(':', $hosts) as $host) {
    $cache->addServer($host, (int) $port);
}
switch ($verb) {
    case 'get':
        $value = $cache->get($key);
        echo json_encode($value), "\n";
        break;
    case 'set':
        // Version 3 and later take no flag for serialized values, but set it themselves.
        if (!$cache->set($key, json_decode($argv[5], true), 0, 600)) {
            exit(1);
        }
        break;
    case 'bytes':
        echo serialize(json_decode($argv[5], true));
        break;
}
