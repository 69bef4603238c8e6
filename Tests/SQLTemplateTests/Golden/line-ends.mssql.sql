SELECT '','C:\\

new',''
