SELECT
'p1: 0=rfm,1=it''s',
'p2: 7 for 9.5,8 for 12',
'p3: '
