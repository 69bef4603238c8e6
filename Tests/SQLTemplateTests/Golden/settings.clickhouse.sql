SELECT 'O\\Neil'
