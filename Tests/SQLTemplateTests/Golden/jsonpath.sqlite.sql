VALUES
(NULL, NULL,
 NULL, 'Main "1" St.'),
(7, '[8]',
 '[9.5,12]', NULL),
(NULL, NULL,
 NULL, NULL)
