/* Enough of a start for an emulated Cortex-M4: where the stack is, and the floating-point unit on. */
#include <stdint.h>

extern uint32_t stack_top;
extern void _start(void); /* of newlib: clears memory, finds the command line, calls main */

static void reset(void)
{
    *(volatile uint32_t *)0xE000ED88 |= 0xFu << 20;
    __asm volatile("dsb\n isb");
    _start();
}

static void halt(void)
{
    for (;;)
        ;
}

__attribute__((section(".vectors"), used)) static const void *const vectors[] = {
    &stack_top, (void *)((uintptr_t)&reset), (void *)((uintptr_t)&halt), (void *)((uintptr_t)&halt),
};
