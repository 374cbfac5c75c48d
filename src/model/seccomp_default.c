/*
 * seccomp_default.c - the text of the default seccomp profile, as it is published
 *
 * Assembled in: a build needs no tool that turns it into a table, and it can be compared with
 * its origin line by line. The path is relative to the folder that the build runs in.
 *
 * It differs in socketcall(2), by which programs of 32 bits made sockets before Linux 4.3: no
 * filter sees its arguments, so AF_ALG and AF_VSOCK would be open to them. It looks absent, for a
 * libc to call socket(2) instead, and stands before the rules for that, for which libseccomp would
 * allow it.
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
