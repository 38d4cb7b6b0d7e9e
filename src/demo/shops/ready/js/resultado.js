// Qué decirle a la persona según el estado y el detalle que devuelve la API de pagos.
const MENSAJES = {
  accredited: "¡Listo! Se acreditó tu pago. En el resumen de tu tarjeta vas a ver el cargo de Mate y Nube.",
  pending_contingency: "Estamos procesando tu pago. En menos de dos días hábiles te avisamos por correo si se acreditó.",
  pending_review_manual: "Estamos revisando tu pago. En menos de dos días hábiles te avisamos por correo si se acreditó o si necesitamos más datos.",
  cc_rejected_bad_filled_card_number: "Revisá el número de la tarjeta y volvé a intentarlo.",
  cc_rejected_bad_filled_date: "Revisá la fecha de vencimiento de la tarjeta.",
  cc_rejected_bad_filled_other: "Revisá los datos de la tarjeta y del titular.",
  cc_rejected_bad_filled_security_code: "Revisá el código de seguridad de la tarjeta.",
  cc_rejected_blacklist: "No pudimos procesar el pago con esa tarjeta. Usá otra tarjeta u otro medio de pago.",
  cc_rejected_call_for_authorize: "Tu banco necesita que autorices el pago. Llamalo, autorizalo y volvé a intentarlo.",
  cc_rejected_card_disabled: "Tu tarjeta todavía no está activa. Llamá a tu banco para activarla o usá otra.",
  cc_rejected_card_error: "Hubo un problema con esa tarjeta. Esperá unos minutos o usá otra.",
  cc_rejected_duplicated_payment: "Ya hiciste un pago por este valor. Si necesitás pagar de nuevo, usá otra tarjeta u otro medio de pago.",
  cc_rejected_high_risk: "Tu pago fue rechazado por seguridad. Elegí otro medio de pago; te recomendamos pagar en efectivo.",
  cc_rejected_insufficient_amount: "Tu tarjeta no tiene fondos suficientes. Usá otra tarjeta o pagá en menos cuotas.",
  cc_rejected_invalid_installments: "Tu tarjeta no permite esa cantidad de cuotas. Elegí otra cantidad.",
  cc_rejected_max_attempts: "Llegaste al límite de intentos permitidos. Usá otra tarjeta u otro medio de pago.",
  cc_rejected_other_reason: "Tu banco no procesó el pago. Consultalo con el banco o usá otra tarjeta.",
};

function mostrarAviso(texto, rechazado) {
  const aviso = document.getElementById("resultado");
  aviso.textContent = texto;
  aviso.classList.toggle("rechazado", Boolean(rechazado));
  aviso.hidden = false;
}

function mostrarResultado(pago) {
  const mensaje = MENSAJES[pago.status_detail];
  switch (pago.status) {
    case "approved":
      mostrarAviso(mensaje || "¡Listo! Tu pago fue aprobado.", false);
      break;
    case "in_process":
    case "pending":
      mostrarAviso(mensaje || "Tu pago está en proceso. Te avisamos por correo cuando se acredite.", false);
      break;
    case "rejected":
      mostrarAviso(mensaje || "Tu pago fue rechazado. Probá con otra tarjeta u otro medio de pago.", true);
      break;
    default:
      mostrarAviso("No pudimos confirmar el estado de tu pago. Escribinos antes de volver a pagar.", true);
  }
}
