SELECT '\x4O''Neil'
