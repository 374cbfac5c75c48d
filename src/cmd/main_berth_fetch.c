/*
 * main_berth_fetch.c - the program that brings images in
 */
#include "cmd/fetch.h"

int main(int argc, char **argv)
{
	return fetch_main(argc, argv);
}
