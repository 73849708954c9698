// System calls and constants of Linux that Swift's Glibc module does not show: variadic functions,
// functions behind _GNU_SOURCE, macros with arguments. And instructions that Swift has no form for.
//
// Each function is the system call of its name, if not said otherwise; on error it returns -1 and leaves
// errno.
#pragma once
#include <stddef.h>
#include <stdint.h>

extern const int system_O_PATH;
extern const int system_AT_EMPTY_PATH;
extern const int system_O_TMPFILE;
extern const uint64_t system_RESOLVE_IN_ROOT;
extern const uint64_t system_RESOLVE_NO_MAGICLINKS;

// One record of getdents64(2); the name follows its 19 bytes, ended by a zero byte.
struct system_dirent64 {
    uint64_t inode;
    int64_t offset;
    uint16_t recordLength;
    uint8_t type;
    char name[];
};

long system_getdents64(int descriptor, void *buffer, size_t size);
int system_openat(int directory, const char *path, int flags, unsigned int mode);
// resolve: the RESOLVE_ flags of openat2(2).
int system_openat2(
    int directory, const char *path, uint64_t flags, uint64_t mode, uint64_t resolve);
int system_set_pipe_size(int descriptor, int byteCount);
int system_pipe2(int descriptors[2], int flags);
int system_fallocate(int descriptor, int mode, int64_t offset, int64_t length);

long system_lgetxattr(const char *path, const char *name, void *value, size_t size);
long system_llistxattr(const char *path, char *names, size_t size);
long system_fgetxattr(int descriptor, const char *name, void *value, size_t size);
long system_flistxattr(int descriptor, char *names, size_t size);
int system_lsetxattr(const char *path, const char *name, const void *value, size_t size);
int system_setxattr(const char *path, const char *name, const void *value, size_t size);
int system_fsetxattr(int descriptor, const char *name, const void *value, size_t size);
int system_fremovexattr(int descriptor, const char *name);

// The capabilities that are in effect, a bit for each number of capabilities(7).
uint64_t system_effective_capabilities(void);

// The type of the file system, as statfs(2) has it; 0 when it does not say.
uint32_t system_file_system_type(int descriptor);

unsigned int system_major(uint64_t device);
unsigned int system_minor(uint64_t device);
uint64_t system_makedev(unsigned int majorNumber, unsigned int minorNumber);

// The text of an error number, into buffer.
void system_strerror(int number, char *buffer, size_t size);

// From now on SIGINT, SIGTERM and SIGHUP (unless ignored) do not end the process but are noted, and
// SIGPIPE is ignored. Returns the reading end of a pipe that becomes readable with the first signal.
int system_catch_signals(void);
// The number of the first signal that came; 0 when none did.
int system_caught_signal(void);

// How many columns the terminal has; 0 when it is none or does not say.
int system_terminal_columns(int descriptor);

// How many processors this process may run on, at least 1.
int system_processor_count(void);

// Starts a program found by PATH, with this process's environment and the given stdin, stdout and
// stderr; -1 for errors is /dev/null. Returns 0 or an error number.
int system_spawn(int *process, char *const arguments[], int input, int output, int errors);
// The exit status of a program that was started; 128 and the signal's number when one ended it.
int system_wait(int process);

// This process's arguments, ended by a null pointer. Swift reads them from /proc, which need not be
// mounted where a tool runs.
char *const *system_arguments(void);

// Folds bytes, a multiple of 64, into 16 that leave the same remainder by the polynomial of ISO 3309's
// CRC-64, bits reversed, by the processor's carry-less multiplication. crc: the sum so far. Returns 0 and
// does nothing where the processor has no such instruction.
int system_crc64_fold(const void *bytes, size_t count, uint64_t crc, uint8_t folded[16]);
