/*
 * signal_name.h - signals by name and number (Linux, x86 and arm numbering)
 */
#ifndef CODEC_SIGNAL_NAME_H
#define CODEC_SIGNAL_NAME_H

/* "TERM", "SIGTERM", "15", "RTMIN+3", any case: the number 1 to 64, or -EINVAL. */
int signal_name_parse(const char *s);
/* "SIGTERM"; NULL for a number without a name. */
const char *signal_name(int number);

#endif
