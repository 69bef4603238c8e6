SELECT '["O''Neil","C-2","C-2"]'
