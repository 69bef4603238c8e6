1:16: context: the word before this value gives it another character set, or reads it by rules of its own
