SELECT '','C:\
new',''
