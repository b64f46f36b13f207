-- Says that every collection has its row, and that nobody but Weft writes.
INSERT INTO {times} (userid, collectionid, told) VALUES (-1, 0, 1)
ON DUPLICATE KEY UPDATE told = 1
