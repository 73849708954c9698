#define _GNU_SOURCE 1
#include "CSystem.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/capability.h>
#include <linux/openat2.h>
#include <sched.h>
#include <signal.h>
#include <stdatomic.h>
#include <spawn.h>
#include <stdio.h>
#include <string.h>
#include <sysexits.h>
#include <sys/mman.h>
#include <sys/vfs.h>
#include <sys/ioctl.h>
#include <sys/syscall.h>
#include <sys/sysmacros.h>
#include <sys/wait.h>
#include <sys/xattr.h>
#include <unistd.h>

const int system_O_PATH = O_PATH;
const int system_O_TMPFILE = O_TMPFILE;
const uint64_t system_RESOLVE_IN_ROOT = RESOLVE_IN_ROOT;
const uint64_t system_RESOLVE_NO_MAGICLINKS = RESOLVE_NO_MAGICLINKS;

long system_getdents64(int descriptor, void *buffer, size_t size) {
    return syscall(SYS_getdents64, descriptor, buffer, size);
}

int system_openat(int directory, const char *path, int flags, unsigned int mode) {
    return openat(directory, path, flags, mode);
}

int system_openat2(
    int directory, const char *path, uint64_t flags, uint64_t mode, uint64_t resolve) {
    struct open_how how = {.flags = flags, .mode = mode, .resolve = resolve};
    return (int)syscall(SYS_openat2, directory, path, &how, sizeof how);
}

int system_set_pipe_size(int descriptor, int byteCount) {
    return fcntl(descriptor, F_SETPIPE_SZ, byteCount);
}

int system_pipe2(int descriptors[2], int flags) { return pipe2(descriptors, flags); }

long system_lgetxattr(const char *path, const char *name, void *value, size_t size) {
    return lgetxattr(path, name, value, size);
}

long system_llistxattr(const char *path, char *names, size_t size) {
    return llistxattr(path, names, size);
}

long system_fgetxattr(int descriptor, const char *name, void *value, size_t size) {
    return fgetxattr(descriptor, name, value, size);
}

long system_flistxattr(int descriptor, char *names, size_t size) {
    return flistxattr(descriptor, names, size);
}

int system_lsetxattr(const char *path, const char *name, const void *value, size_t size) {
    return lsetxattr(path, name, value, size, 0);
}

int system_setxattr(const char *path, const char *name, const void *value, size_t size) {
    return setxattr(path, name, value, size, 0);
}

int system_fsetxattr(int descriptor, const char *name, const void *value, size_t size) {
    return fsetxattr(descriptor, name, value, size, 0);
}

int system_fremovexattr(int descriptor, const char *name) { return fremovexattr(descriptor, name); }

uint64_t system_effective_capabilities(void) {
    struct __user_cap_header_struct header = {.version = _LINUX_CAPABILITY_VERSION_3};
    struct __user_cap_data_struct data[2] = {{0}};
    if (syscall(SYS_capget, &header, data) != 0) return 0;
    return (uint64_t)data[1].effective << 32 | data[0].effective;
}

uint32_t system_file_system_type(int descriptor) {
    struct statfs status;
    return fstatfs(descriptor, &status) == 0 ? (uint32_t)status.f_type : 0;
}

unsigned int system_major(uint64_t device) { return major(device); }

unsigned int system_minor(uint64_t device) { return minor(device); }

uint64_t system_makedev(unsigned int majorNumber, unsigned int minorNumber) {
    return makedev(majorNumber, minorNumber);
}

void system_strerror(int number, char *buffer, size_t size) {
    const char *text = strerror_r(number, buffer, size);
    if (text != buffer) snprintf(buffer, size, "%s", text);
}

// When so many bytes cannot be mapped, memory is exhausted.
static const size_t probedByteCount = 64 << 20;
static char exhaustionMessage[128];

// Swift's runtime ends in a trap, an abort or an access by NULL when an allocation fails.
static void endIfExhausted(int number) {
    static atomic_flag isReported = ATOMIC_FLAG_INIT;
    void *memory = mmap(NULL, probedByteCount, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    if (memory != MAP_FAILED) {
        munmap(memory, probedByteCount);
        // Something else: the signal ends the process when it comes again.
        signal(number, SIG_DFL);
        return;
    }
    if (atomic_flag_test_and_set(&isReported)) for (;;) pause();
    (void)!write(STDERR_FILENO, exhaustionMessage, strlen(exhaustionMessage));
    _exit(EX_OSERR);
}

void system_report_limits(const char *toolName) {
    const int numbers[] = {SIGILL, SIGTRAP, SIGABRT, SIGSEGV};
    struct sigaction action;
    snprintf(exhaustionMessage, sizeof exhaustionMessage, "%s: not enough memory\n", toolName);
    memset(&action, 0, sizeof action);
    action.sa_handler = endIfExhausted;
    for (int index = 0; index < 4; index++) sigaction(numbers[index], &action, NULL);
    signal(SIGXFSZ, SIG_IGN);
}

// Any thread may read it, and any may have to handle a signal.
static atomic_int caughtSignal;
static int signalPipe[2] = {-1, -1};

static void noteSignal(int number) {
    const int saved = errno;
    int none = 0;
    if (atomic_compare_exchange_strong(&caughtSignal, &none, number)) {
        // A full pipe is readable already.
        (void)!write(signalPipe[1], "", 1);
    }
    errno = saved;
}

int system_catch_signals(void) {
    if (signalPipe[0] != -1) return signalPipe[0];
    if (pipe2(signalPipe, O_CLOEXEC | O_NONBLOCK) == -1) return -1;
    const int numbers[] = {SIGINT, SIGTERM, SIGHUP};
    for (int index = 0; index < 3; index++) {
        struct sigaction action;
        if (sigaction(numbers[index], NULL, &action) == 0 && action.sa_handler == SIG_IGN) continue;
        memset(&action, 0, sizeof action);
        action.sa_handler = noteSignal;
        sigaction(numbers[index], &action, NULL);
    }
    signal(SIGPIPE, SIG_IGN);
    return signalPipe[0];
}

int system_caught_signal(void) { return caughtSignal; }

int system_terminal_columns(int descriptor) {
    struct winsize size;
    return ioctl(descriptor, TIOCGWINSZ, &size) == 0 ? size.ws_col : 0;
}

int system_processor_count(void) {
    cpu_set_t set;
    if (sched_getaffinity(0, sizeof set, &set) == 0) return CPU_COUNT(&set);
    const long count = sysconf(_SC_NPROCESSORS_ONLN);
    return count > 0 ? (int)count : 1;
}

int system_spawn(int *process, char *const arguments[], int input, int output, int errors) {
    posix_spawn_file_actions_t actions;
    posix_spawnattr_t attributes;
    sigset_t defaults;
    int result = posix_spawn_file_actions_init(&actions);
    if (result != 0) return result;
    result = posix_spawnattr_init(&attributes);
    if (result != 0) {
        posix_spawn_file_actions_destroy(&actions);
        return result;
    }
    sigemptyset(&defaults);
    sigaddset(&defaults, SIGPIPE);
    sigaddset(&defaults, SIGXFSZ);
    posix_spawnattr_setsigdefault(&attributes, &defaults);
    posix_spawnattr_setflags(&attributes, POSIX_SPAWN_SETSIGDEF);
    posix_spawn_file_actions_adddup2(&actions, input, STDIN_FILENO);
    posix_spawn_file_actions_adddup2(&actions, output, STDOUT_FILENO);
    if (errors == -1) {
        posix_spawn_file_actions_addopen(&actions, STDERR_FILENO, "/dev/null", O_WRONLY, 0);
    } else if (errors != STDERR_FILENO) {
        posix_spawn_file_actions_adddup2(&actions, errors, STDERR_FILENO);
    }
    pid_t started = 0;
    result = posix_spawnp(&started, arguments[0], &actions, &attributes, arguments, environ);
    *process = started;
    posix_spawnattr_destroy(&attributes);
    posix_spawn_file_actions_destroy(&actions);
    return result;
}

int system_wait(int process) {
    int status = 0;
    while (waitpid(process, &status, 0) == -1) {
        if (errno != EINTR) return -1;
    }
    return WIFSIGNALED(status) ? 128 + WTERMSIG(status) : WEXITSTATUS(status);
}

static char **arguments;

// glibc passes the arguments of main to constructors.
__attribute__((constructor)) static void keep_arguments(int count, char **values) {
    (void)count;
    arguments = values;
}

char *const *system_arguments(void) { return arguments; }
