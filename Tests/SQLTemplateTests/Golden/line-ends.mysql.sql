SELECT '','C:\\
new',''
