// System calls and constants of Linux that Swift's Glibc module does not declare: variadic functions,
// functions that need _GNU_SOURCE, macros with arguments. Also instructions that Swift cannot express.
//
// Unless stated otherwise, each function is the system call of its name; on error it returns -1 and sets
// errno.
#pragma once
#include <stddef.h>
#include <stdint.h>

extern const int system_O_PATH;
extern const int system_O_TMPFILE;
extern const uint64_t system_RESOLVE_IN_ROOT;
extern const uint64_t system_RESOLVE_NO_MAGICLINKS;

// A record has 8 bytes of inode, 8 of offset, 2 of its own length, 1 of type, and the name with a zero
// byte at its end.
long system_getdents64(int descriptor, void *buffer, size_t size);
int system_openat(int directory, const char *path, int flags, unsigned int mode);
// resolve: the RESOLVE_ flags of openat2(2).
int system_openat2(
    int directory, const char *path, uint64_t flags, uint64_t mode, uint64_t resolve);
int system_set_pipe_size(int descriptor, int byteCount);
int system_pipe2(int descriptors[2], int flags);

long system_lgetxattr(const char *path, const char *name, void *value, size_t size);
long system_llistxattr(const char *path, char *names, size_t size);
long system_fgetxattr(int descriptor, const char *name, void *value, size_t size);
long system_flistxattr(int descriptor, char *names, size_t size);
int system_lsetxattr(const char *path, const char *name, const void *value, size_t size);
int system_setxattr(const char *path, const char *name, const void *value, size_t size);
int system_fsetxattr(int descriptor, const char *name, const void *value, size_t size);
int system_fremovexattr(int descriptor, const char *name);

// The effective capabilities, a bit for each number of capabilities(7).
uint64_t system_effective_capabilities(void);

// The type of the file system by statfs(2); 0 when it is unknown.
uint32_t system_file_system_type(int descriptor);

unsigned int system_major(uint64_t device);
unsigned int system_minor(uint64_t device);
uint64_t system_makedev(unsigned int majorNumber, unsigned int minorNumber);

// The text of an error number, into buffer.
void system_strerror(int number, char *buffer, size_t size);

// From now on, a write beyond the limit of file sizes fails with EFBIG, and memory that is exhausted ends the
// process with a message and EX_OSERR, where it would crash. Other crashes stay as they are.
void system_report_limits(const char *toolName);

// Installs handlers that record SIGINT, SIGTERM and SIGHUP (unless ignored) instead of ending the process,
// and ignores SIGPIPE. Returns the reading end of a pipe that becomes readable with the first signal.
int system_catch_signals(void);
// The number of the first signal that arrived; 0 without one.
int system_caught_signal(void);

// The number of columns of the terminal; 0 when it is not a terminal or has no known width.
int system_terminal_columns(int descriptor);

// The number of processors that this process may run on, at least 1.
int system_processor_count(void);

// Starts a program found in PATH, with this process's environment and the given stdin, stdout and stderr; -1
// for errors means /dev/null. Returns 0 or an error number.
int system_spawn(int *process, char *const arguments[], int input, int output, int errors);
// Waits for a program; returns its exit status, or 128 plus the number of the signal that ended it.
int system_wait(int process);

// This process's arguments, ended by a null pointer. Swift reads them from /proc, which may not be mounted.
char *const *system_arguments(void);

// Folds bytes, a multiple of 64, into 16 bytes with the same remainder by the polynomial of ISO 3309's
// CRC-64, bits reversed, with the processor's carry-less multiplication. crc: the sum so far. Returns 0 and
// does nothing when the processor does not have this instruction.
int system_crc64_fold(const void *bytes, size_t count, uint64_t crc, uint8_t folded[16]);
