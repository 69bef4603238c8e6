INSERT INTO segments (name) VALUES ("O'Brien's list")
