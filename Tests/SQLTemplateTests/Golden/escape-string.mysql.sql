1:10: context: a value cannot stand in this string, which takes only some characters or reads them by rules of its own
