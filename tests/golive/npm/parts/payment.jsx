// The page that the router of `react-payment` loads when it is needed.
import { useState } from 'react';
import { Payment, StatusScreen, initMercadoPago } from '@mercadopago/sdk-react';

initMercadoPago('APP_USR-00000000-1111-4222-8333-444444444444');

export default function Checkout() {
  const [paid, setPaid] = useState(null);
  const [problem, setProblem] = useState('');
  const pay = async ({ formData }) => {
    const answer = await fetch('/api/payments', { method: 'POST', body: JSON.stringify(formData) });
    if (!answer.ok) throw new Error('payment');
    const payment = await answer.json();
    setPaid(payment.id);
  };
  const failed = () => setProblem('No pudimos mostrar el pago. Vuelve a intentarlo.');
  if (paid) return <StatusScreen initialization={{ paymentId: paid }} onError={failed} />;
  return (
    <main>
      <h1>Finalizar compra</h1>
      <Payment
        initialization={{ amount: 120 }}
        customization={{ paymentMethods: { creditCard: 'all', debitCard: 'all', ticket: 'all' } }}
        onSubmit={pay}
        onError={failed}
      />
      <p role="alert">{problem}</p>
    </main>
  );
}
