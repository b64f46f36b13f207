<?php

# Settings of this deployment. Anything that differs from host to host goes to
# shard_constants.php; whatever that file defines wins over the defaults below.

require_once 'shard_constants.php';

# Storage. Acceptable values: mysql | sqlite | none
if (!defined('WEAVE_STORAGE_ENGINE')) { define('WEAVE_STORAGE_ENGINE', 'mysql'); }

if (WEAVE_STORAGE_ENGINE == 'mysql')
{
	# GET requests use the read server, all others the write server
	if (!defined('WEAVE_MYSQL_STORE_READ_HOST')) { define('WEAVE_MYSQL_STORE_READ_HOST', 'db-read.example.com'); }
	if (!defined('WEAVE_MYSQL_STORE_READ_DB')) { define('WEAVE_MYSQL_STORE_READ_DB', 'weave0'); }
	if (!defined('WEAVE_MYSQL_STORE_READ_USER')) { define('WEAVE_MYSQL_STORE_READ_USER', 'weave_ro'); }
	if (!defined('WEAVE_MYSQL_STORE_READ_PASS')) { define('WEAVE_MYSQL_STORE_READ_PASS', 'r3ad\'s \\ secret'); }
	if (!defined('WEAVE_MYSQL_STORE_READ_PORT'))
		define('WEAVE_MYSQL_STORE_READ_PORT', '3306');

	if (!defined('WEAVE_MYSQL_STORE_WRITE_HOST')) { define('WEAVE_MYSQL_STORE_WRITE_HOST', WEAVE_MYSQL_STORE_READ_HOST); }
	if (!defined('WEAVE_MYSQL_STORE_WRITE_DB')) { define('WEAVE_MYSQL_STORE_WRITE_DB', WEAVE_MYSQL_STORE_READ_DB); }
	if (!defined('WEAVE_MYSQL_STORE_WRITE_USER')) { define('WEAVE_MYSQL_STORE_WRITE_USER', "weave_rw"); }
	if (!defined('WEAVE_MYSQL_STORE_WRITE_PASS')) { define('WEAVE_MYSQL_STORE_WRITE_PASS', "wr\x69te\$\"secret\""); }
	if (!defined('WEAVE_MYSQL_STORE_WRITE_PORT')) { define('WEAVE_MYSQL_STORE_WRITE_PORT', WEAVE_MYSQL_STORE_READ_PORT); }

	# Uncomment to use other tables
	#if (!defined('WEAVE_MYSQL_STORE_TABLE_NAME')) { define('WEAVE_MYSQL_STORE_TABLE_NAME', 'wbo'); }
	#if (!defined('WEAVE_MYSQL_COLLECTION_TABLE_NAME')) { define('WEAVE_MYSQL_COLLECTION_TABLE_NAME', 'collections'); }

	// Spread the users over this many tables
	// define('WEAVE_USER_TABLE_MODULO', 10);
}
elseif (WEAVE_STORAGE_ENGINE == 'sqlite')
{
	if (!defined('WEAVE_SQLITE_STORE_DIRECTORY')) { define('WEAVE_SQLITE_STORE_DIRECTORY', '/var/db/weave'); }
}

# Accounts. Acceptable values: mysql | ldap | mozilla | none
if (!defined('WEAVE_AUTH_ENGINE')) { define('WEAVE_AUTH_ENGINE', 'mysql'); }

switch (WEAVE_AUTH_ENGINE)
{
	case 'mysql':
		if (!defined('WEAVE_MYSQL_AUTH_HOST')) { define('WEAVE_MYSQL_AUTH_HOST', 'auth-db.example.com'); }
		if (!defined('WEAVE_MYSQL_AUTH_DB')) { define('WEAVE_MYSQL_AUTH_DB', 'weave_' . 'auth'); }
		if (!defined('WEAVE_MYSQL_AUTH_USER')) { define('WEAVE_MYSQL_AUTH_USER', 'auth'); }
		if (!defined('WEAVE_MYSQL_AUTH_PASS')) { define('WEAVE_MYSQL_AUTH_PASS', 'auth secret'); }
		break;
	case 'ldap':
	case 'mozilla':
		if (!defined('WEAVE_LDAP_AUTH_HOST')) { define('WEAVE_LDAP_AUTH_HOST', 'ldap.example.com'); }
		if (!defined('WEAVE_LDAP_AUTH_USER_PARAM_NAME')) { define('WEAVE_LDAP_AUTH_USER_PARAM_NAME', 'uid'); }
		if (!defined('WEAVE_LDAP_AUTH_DN')) { define('WEAVE_LDAP_AUTH_DN', 'ou=users,dc=example,dc=com'); }
		break;
	default:
		break;
}

/* Old passwords.
 * define('WEAVE_MD5_FALLBACK', 1);
 */
if (!defined('WEAVE_SHA_SALT')) { define('WEAVE_SHA_SALT', 'pepper & salt'); }

# Limits, in bytes. 0 is none.
if (!defined('WEAVE_PAYLOAD_MAX_SIZE')) { define('WEAVE_PAYLOAD_MAX_SIZE', 256 * 1024); }
if (!defined('WEAVE_QUOTA')) { define('WEAVE_QUOTA', 25 * 1024 * 1024); } #25M
#if (!defined('WEAVE_QUOTA_WRITE_CAP')) { define('WEAVE_QUOTA_WRITE_CAP', 104857600); }

# memcached: hosts with colons between them, one port
if (!defined('WEAVE_STORAGE_MEMCACHE_HOST')) { define('WEAVE_STORAGE_MEMCACHE_HOST', 'mc1.example.com:mc2.example.com'); }
if (!defined('WEAVE_STORAGE_MEMCACHE_PORT')) { define('WEAVE_STORAGE_MEMCACHE_PORT', '11211'); }
if (!defined('WEAVE_STORAGE_MEMCACHE_DECAY')) { define('WEAVE_STORAGE_MEMCACHE_DECAY', 24 * 60 * 60); }
defined('WEAVE_STORAGE_LOCKOUT_COUNT') or define('WEAVE_STORAGE_LOCKOUT_COUNT', 0x3);
defined('WEAVE_STORAGE_LOCKOUT_DECAY') || define('WEAVE_STORAGE_LOCKOUT_DECAY', 600);

# Log
if (!defined('WEAVE_CEF_DEVICE')) { define('WEAVE_CEF_DEVICE', strtolower('Weave')); }

# Ours
define('WEAVE_MONITORING_TOKEN', 'hunter2');

# Numbers of the protocol
define ('WEAVE_ERROR_INVALID_PROTOCOL', 1);
define ('WEAVE_ERROR_INCORRECT_CAPTCHA', 2);

?>
