/* A program that needs nothing of an image: no C library, no loader, no files. */
static long call(long number, long a, const void *b, long c) {
    long result;
#if defined(__x86_64__)
    __asm__ volatile("syscall" : "=a"(result) : "a"(number), "D"(a), "S"(b), "d"(c)
                     : "rcx", "r11", "memory");
#elif defined(__aarch64__)
    register long x8 __asm__("x8") = number;
    register long x0 __asm__("x0") = a;
    register const void *x1 __asm__("x1") = b;
    register long x2 __asm__("x2") = c;
    __asm__ volatile("svc 0" : "+r"(x0) : "r"(x8), "r"(x1), "r"(x2) : "memory");
    result = x0;
#else
#error "write the system call of this architecture"
#endif
    return result;
}

#if defined(__x86_64__)
enum { WRITE = 1, EXIT = 60 };
#else
enum { WRITE = 64, EXIT = 93 };
#endif

void _start(void) {
    static const char text[] = "Hello, hand-rolled world\n";
    const long written = call(WRITE, 1, text, sizeof text - 1);
    call(EXIT, written == sizeof text - 1 ? 0 : 1, 0, 0);
    for (;;) {}
}
