#!PHP-CGI
<?php
// The statements that Mozilla's PHP server put to MariaDB, and its looks into memcached, with as little around them as
// PHP can do: nothing that was sent is checked but the password, and parentid and predecessorid, which browsers do not
// use, are left out of answers. Clients are answered as that server answered them. Connections to MariaDB are kept if
// `asks.php` says so; that server made one for the account and one for the records, for each request anew.

const NUMBERS = ['clients' => 1, 'crypto' => 2, 'forms' => 3, 'history' => 4, 'keys' => 5, 'meta' => 6,
    'bookmarks' => 7, 'prefs' => 8, 'tabs' => 9, 'passwords' => 10, 'addons' => 11];
const LOCKED = 5;
const DAY = 86400;
/** MariaDB's number for it. */
const DEADLOCK = 1213;
/** How many records one statement stores. */
const SLICE = 100;

[$place, $role, $secret, $port, $kept] = require __DIR__ . '/asks.php';
$connect = fn() => new PDO($place, $role, $secret, [PDO::ATTR_PERSISTENT => $kept]);
$database = $connect();
$cache = new Memcache();
$cache->pconnect('127.0.0.1', $port);

$seconds = round(microtime(true), 2);
$now = round($seconds * 100);
header("X-Weave-Timestamp: $seconds");
$method = $_SERVER['REQUEST_METHOD'];
$sent = $method === 'GET' ? null : json_decode(file_get_contents('php://input'), true);
[, $version, $name, $function, $collection, $id] = explode('/', $_SERVER['PATH_INFO'] . '////');

if ($version === 'user') {
    $hash = hashed($sent['password'], random_bytes(8));
    ask('INSERT INTO users (username, password_hash) VALUES (?, ?)', [$function, $hash]);
    answer($function);
}
$locked = $cache->get("lockout:$name") >= LOCKED;
$user = $locked ? null : account($name, $_SERVER['PHP_AUTH_PW']);
if ($user === null) {
    answer('Authentication failed', 401);
}
if ($method === 'GET' && $function === 'info') {
    answer(array_map(fn($known) => $known[0] / 100, known()));
}
if (!$kept) {
    // The account's is closed, and the records have one of their own.
    $database = $connect();
}
$number = NUMBERS[$collection];
switch ($method) {
    case 'GET':
        $records = records($number, $id, $_GET['newer'] ?? 0, $_GET['limit'] ?? 0);
        if ($id === '') {
            answer($records);
        }
        $records ? answer($records[0]) : answer('record not found', 404);
    case 'PUT':
        store($collection, [$sent]);
        answer($seconds);
    case 'POST':
        while (!stored($collection, $sent)) {
            $database->rollBack();
        }
        answer(['success' => array_column($sent, 'id'), 'failed' => []]);
    case 'DELETE':
        $deleted = ask('DELETE FROM wbo WHERE username = ? AND collection = ?', [$user, $number]);
        changed($collection, -$deleted->rowCount());
        answer($seconds);
}

function answer(mixed $what, int $status = 200): never
{
    $json = json_encode($what);
    http_response_code($status);
    header('Content-Type: application/json');
    header('Content-Length: ' . strlen($json));
    exit($json);
}

function ask(string $sql, array $values): PDOStatement
{
    $statement = $GLOBALS['database']->prepare($sql);
    $statement->execute($values);
    return $statement;
}

function hashed(string $password, string $salt): string
{
    return '{SSHA-256}' . base64_encode(hash('sha256', $password . $salt, true) . $salt);
}

/** The number of whoever has this name and this password. */
function account(string $name, string $password): ?int
{
    $asked = ask('SELECT id, password_hash, status, alert FROM users WHERE username = ?', [$name]);
    [$number, $hash, $status] = $asked->fetch(PDO::FETCH_NUM);
    $salt = substr(base64_decode(substr($hash, strlen('{SSHA-256}'))), 32);
    return $status === 1 && hashed($password, $salt) === $hash ? $number : null;
}

/** Time and number of records of each collection. memcached loses nothing here, so that nobody else is asked. */
function known(): array
{
    global $cache, $user;
    return $cache->get("coll:$user") ?: [];
}

function changed(string $collection, int $more): void
{
    global $cache, $user, $now;
    $known = known();
    $known[$collection] = [$now, (string) (($known[$collection][1] ?? 0) + $more)];
    $cache->set("coll:$user", $known, 0, DAY);
}

function records(int $number, string $id, float $newer, int $limit): array
{
    $asked = ask(
        'SELECT * FROM wbo WHERE username = ? AND collection = ?'
            . ($id === '' ? '' : ' AND id = ?')
            . ($newer ? ' AND modified > ' . round($newer * 100) : '')
            . ($limit ? " LIMIT $limit" : ''),
        $id === '' ? [$GLOBALS['user'], $number] : [$GLOBALS['user'], $number, $id],
    );
    $records = [];
    foreach ($asked->fetchAll(PDO::FETCH_NUM) as [, , $id, , , $index, $modified, $payload]) {
        $records[] = ['id' => $id, 'modified' => $modified / 100, 'sortindex' => $index, 'payload' => $payload];
    }
    return $records;
}

/** Whether all are stored. Of two uploads in a deadlock one is not: that server refused it, here it tries again. */
function stored(string $collection, array $records): bool
{
    $GLOBALS['database']->beginTransaction();
    try {
        foreach (array_chunk($records, SLICE) as $slice) {
            store($collection, $slice);
        }
    } catch (PDOException $refused) {
        return $refused->errorInfo[1] === DEADLOCK ? false : throw $refused;
    }
    return $GLOBALS['database']->commit();
}

function store(string $collection, array $records): void
{
    global $user, $now;
    $values = [];
    foreach ($records as ['id' => $id, 'sortindex' => $index, 'payload' => $payload]) {
        $size = strlen($payload);
        array_push($values, $user, $id, NUMBERS[$collection], null, null, $index, $now, $payload, $size);
    }
    $rows = implode(',', array_fill(0, count($records), '(?, ?, ?, ?, ?, ?, ?, ?, ?)'));
    $stored = ask("INSERT INTO wbo
        (username, id, collection, parentid, predecessorid, sortindex, modified, payload, payload_size)
        VALUES $rows ON DUPLICATE KEY UPDATE parentid = VALUES(parentid), predecessorid = VALUES(predecessorid),
        sortindex = VALUES(sortindex), modified = VALUES(modified), payload = VALUES(payload),
        payload_size = VALUES(payload_size)", $values);
    // A record that takes another's place is counted twice.
    changed($collection, 2 * count($records) - $stored->rowCount());
}
