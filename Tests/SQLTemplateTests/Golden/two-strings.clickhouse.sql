1:39: context: a value cannot follow a string: databases join two strings to one
