<?php
# One block for each group of hosts.

switch ($_SERVER['HTTP_HOST'])
{
	case 'sync1.example.com':
	case 'sync2.example.com':
		define('WEAVE_MYSQL_STORE_READ_HOST', 'shard-a.example.com');
		define('WEAVE_MYSQL_STORE_READ_PASS', 'shard a');
		define("WEAVE_USER_TABLE_MODULO", 0x10, true);
		break;

	case 'sync3.example.com':
		define('WEAVE_QUOTA', 0);
		// runs on into the next one

	case 'sync4.example.com':
		define('WEAVE_STORAGE_MEMCACHE_PORT', 11311);
		break;

	default:
		define('WEAVE_REGISTER_NODE', 'register.example.com');
}

if ($_SERVER['HTTP_HOST'] == 'ldap.example.com:8080')
	define('WEAVE_AUTH_ENGINE', 'mozilla');
else if ('staging.example.com' === $_SERVER['HTTP_HOST']) {
	define('WEAVE_QUOTA', 1.5 * 1024 * 1024);
	define('WEAVE_MD5_FALLBACK', TRUE);
}
