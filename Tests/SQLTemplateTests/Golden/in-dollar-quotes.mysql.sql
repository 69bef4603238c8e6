SELECT $$ 'O''Brien''s list' $$
