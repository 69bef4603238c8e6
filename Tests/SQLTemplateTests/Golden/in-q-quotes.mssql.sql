SELECT q'[ O''Brien''s list ]' FROM dual
