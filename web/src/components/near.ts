/** Tells an element once that it is near the window: for what is too dear to do for the whole page at once. */
const waiting = new WeakMap<Element, () => void>();

const observer = new IntersectionObserver((entries) => {
  for (const { isIntersecting, target } of entries) {
    if (!isIntersecting) continue;
    observer.unobserve(target);
    waiting.get(target)?.();
  }
}, { rootMargin: '600px 200px' });

/** An attachment: `{@attach whenNear(() => …)}`. */
export const whenNear = (tell: () => void) => (element: Element) => {
  waiting.set(element, tell);
  observer.observe(element);
  return () => observer.unobserve(element);
};
