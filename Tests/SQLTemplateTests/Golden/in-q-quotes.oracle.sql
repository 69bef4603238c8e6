1:12: context: a tag cannot stand in q'…'
