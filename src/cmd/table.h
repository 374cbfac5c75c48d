/*
 * table.h - columns as Go's text/tabwriter lays them out for docker
 */
#ifndef CMD_TABLE_H
#define CMD_TABLE_H

#include "base/str.h"

enum { TABLE_CELL_LEAST = 10 /* of docker's lists */ };

/*
 * Appends text with its tabs replaced by spaces: a cell is at least `least` wide and 3 wider than
 * the longest in its column. The last cell of a line is not padded.
 */
void table_write(const char *text, size_t least, struct buf *out);

#endif
