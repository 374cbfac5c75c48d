/*
 * number_list.h - sets of small numbers as the kernel writes them: "0-3,5"
 */
#ifndef CODEC_NUMBER_LIST_H
#define CODEC_NUMBER_LIST_H

#include <stddef.h>
#include <stdint.h>

enum { NUMBER_LIST_MAX = 1024 }; /* numbers are below it: CPUs, memory nodes */

/* A bit per number, the lowest first, in the words that the kernel's masks have. */
struct number_set {
	unsigned long words[NUMBER_LIST_MAX / (8 * sizeof(unsigned long))];
};

/* Ranges and numbers separated by commas, without spaces; at least one. 0 or -EINVAL. */
int number_list_parse(const char *text, struct number_set *ret);

#endif
