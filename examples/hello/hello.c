#include <stdio.h>

int main(void) {
    puts("Hello from an image that no container built.");
    return 0;
}
