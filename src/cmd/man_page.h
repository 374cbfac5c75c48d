/*
 * man_page.h - pieces of manual pages in roff, man(7)
 */
#ifndef CMD_MAN_PAGE_H
#define CMD_MAN_PAGE_H

#include "base/arena.h"
#include "base/opt.h"
#include "base/str.h"

/* The title and the section NAME, and the line that begins the section SYNOPSIS. */
void man_page_head(const char *name, const char *summary, struct arena *a, struct buf *out);
/* Text in which roff sees no request and no escape. */
void man_page_text(const char *text, struct buf *out);
/* An entry for each row that help shows. */
void man_page_options(const struct opt *table, struct buf *out);

#endif
