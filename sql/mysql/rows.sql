-- Every collection with records gets its row, with a time that is not before its newest record's.
INSERT INTO {times} (userid, collectionid, modified, told)
SELECT g.username, g.collection, COALESCE(g.newest, 0), COALESCE(u.told, 0)
FROM (SELECT username, collection, MAX(modified) AS newest FROM {wbo}
      GROUP BY username, collection) AS g
LEFT JOIN {times} AS u ON u.userid = g.username AND u.collectionid = -1
ON DUPLICATE KEY UPDATE modified = GREATEST({times}.modified, VALUES(modified))
