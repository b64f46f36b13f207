#!PHP-CGI
<?php
// The least that PHP can do for a request for info/collections as the legacy server answered it: who is it (one
// statement), is he locked out and what is there (two looks into memcached). Connections are kept, nothing is
// made of the answers, and 200 bytes are the answer.
[$socket, $user, $password, $statements, $memcached] = file(__DIR__ . '/asks', FILE_IGNORE_NEW_LINES);
if ($memcached !== '') {
    $cache = new Memcache();
    $cache->pconnect('127.0.0.1', (int) $memcached);
    $cache->get('asking');
    $cache->get('asking too');
}
if ($statements > 0) {
    $database = new PDO("mysql:unix_socket=$socket", $user, $password, [PDO::ATTR_PERSISTENT => true]);
    for ($asked = 0; $asked < $statements; $asked++) {
        $database->query('SELECT 1')->fetchAll();
    }
}
header('Content-Type: text/plain');
header('Content-Length: 200');
echo str_repeat('x', 200);
