SELECT 'O\Neil'
