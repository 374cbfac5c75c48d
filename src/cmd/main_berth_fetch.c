/*
 * main_berth_fetch.c - the program that brings images in
 */
#include "cmd/fetch.h"
#include "sys/std_fds.h"

int main(int argc, char **argv)
{
	if (std_fds_ensure() < 0)
		return 1;
	return fetch_main(argc, argv);
}
