1:11: context: a tag cannot stand in $$…$$
