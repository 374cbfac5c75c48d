/*
 * sanitizer_probe.c - does wrong on purpose, so that a test can see that it is reported
 */
#include <stdlib.h>
#include <string.h>

int main(int argc, char **argv)
{
	const char *wrong = argc > 1 ? argv[1] : "";
	char *volatile p = malloc(8);
	volatile int big = 0x7fffffff, past = 8;

	if (!strcmp(wrong, "AddressSanitizer"))
		p[past] = 1;
	if (!strcmp(wrong, "signed integer overflow"))
		big += argc;
	if (strcmp(wrong, "LeakSanitizer"))
		free(p);
	p = NULL;
	return 0;
}
