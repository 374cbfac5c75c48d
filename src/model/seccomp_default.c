/*
 * seccomp_default.c - the text of the default seccomp profile, as it is published
 *
 * Assembled in: a build needs no tool that turns it into a table, and it can be compared with
 * its origin byte by byte. The path is relative to the folder that the build runs in.
 */
#include "model/seccomp_default.h"

__asm__(".section .rodata.seccomp_default, \"a\"\n"
	".global seccomp_default_json\n"
	".global seccomp_default_json_end\n"
	"seccomp_default_json:\n"
	".incbin \"src/model/seccomp_default.json\"\n"
	"seccomp_default_json_end:\n"
	".byte 0\n"
	".previous\n");
