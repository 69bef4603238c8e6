SELECT '{"a":{"b":1}}', '{1,2}', '{ x }', '{segment_id}', 42
