1:56: context: a tag cannot stand in a comment
