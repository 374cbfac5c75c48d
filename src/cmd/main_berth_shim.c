/*
 * main_berth_shim.c - the supervisor of one container, or of one exec'd process
 */
#include "shim/shim.h"

int main(int argc, char **argv)
{
	return shim_main(argc, argv);
}
