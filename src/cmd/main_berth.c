/*
 * main_berth.c - the command line
 */
#include "cmd/cmd.h"
#include "sys/std_fds.h"

int main(int argc, char **argv)
{
	if (std_fds_ensure() < 0)
		return 1;
	return cmd_main(argc, argv);
}
