/*
 * main_berth_init.c - process 1 of a container with --init
 */
#include "shim/shim.h"

int main(int argc, char **argv)
{
	return shim_pid1(argc, argv);
}
