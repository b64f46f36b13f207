-- Says that PHP writes too, so that what was counted is not to be believed.
UPDATE {times} SET told = 0 WHERE userid = -1 AND collectionid = 0
