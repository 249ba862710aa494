;; Decodes the text of a module, which `inline.rs` has made: `d` takes its length. The text is at the beginning of the memory `m`, and its bytes take
;; its place, for they are no more. Gives how many they are.
(module
  (memory (export "m") 1)
  (func (export "d") (param $end i32) (result i32)
    (local $at i32)
    (local $to i32)
    ;; The place of a character, counted from `#`, backslash left out.
    (local $place i32)
    (local $prefix i32)
    (loop $next
      (local.set $place
        (i32.sub
          (i32.sub (i32.load8_u (local.get $at)) (i32.const 35))
          (i32.gt_u (i32.load8_u (local.get $at)) (i32.const 92))))
      (local.set $at (i32.add (local.get $at) (i32.const 1)))
      (if (i32.gt_u (local.get $place) (i32.const 88))
        (then (local.set $prefix (i32.mul (i32.sub (local.get $place) (i32.const 88)) (i32.const 89))))
        (else
          (i32.store8 (local.get $to) (i32.add (local.get $prefix) (local.get $place)))
          (local.set $to (i32.add (local.get $to) (i32.const 1)))
          (local.set $prefix (i32.const 0))))
      (br_if $next (i32.lt_u (local.get $at) (local.get $end))))
    (local.get $to)))
