UPDATE segments SET name = 'O''Brien''s list' /*! , updated = NOW() */
