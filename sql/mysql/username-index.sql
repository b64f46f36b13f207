-- Finds an account by its name without reading them all.
ALTER TABLE {users} ADD KEY weft_username (username)
