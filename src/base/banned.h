/*
 * banned.h - functions that are compile errors here; included before every file by the Makefile
 *
 * Each has a safer sibling: memcpy with a length, snprintf or str_printf, strtok_r or strv_split,
 * the checked parsers in codec, posix_spawn or execve.
 */
#ifndef BASE_BANNED_H
#define BASE_BANNED_H

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#pragma GCC poison strcpy strcat strncpy strncat stpcpy sprintf vsprintf gets strtok
#pragma GCC poison atoi atol atoll atof system popen tmpnam tempnam mktemp

#endif
