-- What was counted before PHP came and went is not to be believed.
UPDATE {times} SET counted = -1 WHERE counted <> -1
