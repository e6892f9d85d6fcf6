/** How long something has, counted down each second. */
import { Text, type TextProps } from '@mantine/core';
import { useEffect, useState } from 'react';

export function TimeLeft({ until, ...props }: { readonly until: string } & TextProps) {
  const [now, setNow] = useState(Date.now());
  useEffect(() => {
    const timer = setInterval(() => setNow(Date.now()), 1_000);
    return () => clearInterval(timer);
  }, []);
  const leftMs = Date.parse(until) - now;
  const words = leftMs <= 0 ? 'time is up' : `${wordsOf(leftMs)} left`;
  return (
    <Text
      component="time"
      dateTime={until}
      title={until}
      {...props}
      {...(leftMs < 60_000 ? { c: 'red' } : {})}
    >
      {words}
    </Text>
  );
}

function wordsOf(ms: number): string {
  const seconds = Math.ceil(ms / 1_000);
  if (seconds < 60) return `${seconds} s`;
  const minutes = Math.floor(seconds / 60);
  if (minutes < 60) return `${minutes} min ${seconds % 60} s`;
  const hours = Math.floor(minutes / 60);
  return hours < 48 ? `${hours} h ${minutes % 60} min` : `${Math.floor(hours / 24)} days`;
}
