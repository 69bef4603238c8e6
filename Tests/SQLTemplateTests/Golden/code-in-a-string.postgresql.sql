1:43: context: a value cannot stand in what PostgreSQL reads as code behind DO: it would be escaped for the string, and not for the code in it
