"""The rules of the programme (就业见习政策): pure values and functions, each naming its clause."""
