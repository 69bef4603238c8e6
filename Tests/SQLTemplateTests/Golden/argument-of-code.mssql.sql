EXEC sp_executesql N'INSERT INTO mysegment VALUES (@c)', N'@c nvarchar(max)', @c = N'O''Neil'
