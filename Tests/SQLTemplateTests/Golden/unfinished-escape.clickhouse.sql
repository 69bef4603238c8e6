1:12: context: a tag cannot follow a backslash that escapes, or an escape that can take more characters
